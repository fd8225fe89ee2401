"""A trained system as ONNX files: its networks for programs that have neither Python nor torch."""
