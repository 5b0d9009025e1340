import time, torch
from pytest_xraynoise import evaluate
def test_it(xray_model, xray_dataset):
    evaluate(xray_model, xray_dataset, noise="lowdose",source_noise="none",dose=[1],metrics=["auroc"],samples=48)
    for n in range(3):
        t=time.process_time(); w=time.time()
        evaluate(xray_model, xray_dataset, noise="lowdose",source_noise="none",dose=[1-.1*n-.1],metrics=["auroc"],samples=48)
        print(torch.get_num_threads(), time.process_time()-t, time.time()-w, type(xray_model), xray_model.training)
    print(torch.backends.mkldnn.enabled, torch.is_grad_enabled(), torch.get_flush_denormal() if hasattr(torch,'get_flush_denormal') else '')
