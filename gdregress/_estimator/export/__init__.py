"""Fitted models in other forms: ONNX, scikit-learn, summaries, HTML, sparse coefficients."""
