"""From evidence to scores: calibration without labels, and the planted benchmark."""
