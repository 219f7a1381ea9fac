"""Sinks, collectors and lakes with real servers, which the tests start on this machine from packages."""
