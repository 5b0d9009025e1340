"""DICOM projection radiographs: what their headers say, and their pixels as intensities."""
