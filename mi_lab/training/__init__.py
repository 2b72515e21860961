"""Training: how critics are trained, many at once; what a user makes of it is in `mi_lab.trainers`."""
