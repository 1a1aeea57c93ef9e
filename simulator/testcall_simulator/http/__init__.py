"""The service's HTTP as plain functions: a request value and a world in, a response value out. No sockets, no clock, no sleep."""
