"""Sweeps: chunks of runs, over threads or a cluster, into one Dataset."""
