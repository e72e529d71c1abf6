"""What an operator sees: log lines, metrics, times, traces, drift."""
