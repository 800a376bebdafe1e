"""The layered connection test, and the guarded dialling that every connection goes through."""
