"""The devices that the counting estimators' tests run on."""

from standin import accelerator  # noqa: F401
