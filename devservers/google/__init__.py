"""Servers of our own that speak Google's protocols to Google's client libraries, over real gRPC."""
