"""A model as one file that other programs run: view, networks and decision rule in one graph.

Takes: networks, how each sees a picture, and how they answer together.
Gives: an ONNX file, OpenVINO's pair, a torch program, a model hub's folder or a web page.
Never: writes a file whose answers differ from Python's by more than a thousandth.
"""
