"""What is handed on: the list of all tiles, the boxes, and a signed manifest of both.

An export is of one bundle and through one event, so that it can be made again, byte for byte but
for the moment in its manifest.
"""
