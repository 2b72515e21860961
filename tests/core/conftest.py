"""The devices that the core's tests run on."""

from standin import accelerator  # noqa: F401
