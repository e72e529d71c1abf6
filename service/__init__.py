"""The REST service and its pages over one bundle."""
