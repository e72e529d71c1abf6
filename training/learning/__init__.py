"""From tiles to a trained network and its ONNX files: what `fit` is made of."""
