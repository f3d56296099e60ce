"""Metrics of uploads for Prometheus and OpenTelemetry, for sendoff."""
