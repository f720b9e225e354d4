"""What leaves the package: ONNX, twins of scikit-learn, summaries, HTML, sparse coefficients."""
