"""Tests of podstead."""
