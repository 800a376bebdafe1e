"""The layered connection test."""
