"""ONNX models behind plain callables over lists of strings."""
