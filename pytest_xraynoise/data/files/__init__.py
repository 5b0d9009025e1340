"""Datasets of chest X-rays as they lie in folders: tables, lists, masks and landmarks."""
