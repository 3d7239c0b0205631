"""Measurements beside peers, in one run on one machine. Ratios count; the machine is shared and noisy."""
