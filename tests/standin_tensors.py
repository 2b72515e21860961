"""The tensors and generators of the stand-in, which say that they are on a device."""

import torch
from torch import Tensor

META = torch.device("meta", 1)  # what C++ takes the device for; what is on "meta" otherwise is left alone


class Standin(Tensor):
    """A tensor of the device: `held` is its content.  To C++ it is a meta tensor, so that a copy to the CPU is one."""

    @staticmethod
    def __new__(cls, held: Tensor, device: torch.device):
        if device.type == "mps" and held.dtype in (torch.float64, torch.complex128):
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64. "
                "Please use float32 instead."
            )
        shape = {"strides": held.stride(), "storage_offset": held.storage_offset()}
        out = Tensor._make_wrapper_subclass(cls, held.shape, dtype=held.dtype, device=META, **shape)
        out.held, out.where = held, device
        return out

    running: list = []  # the accelerators in force
    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: self.where)
    is_cuda = property(lambda self: self.where.type == "cuda")
    is_mps = property(lambda self: self.where.type == "mps")
    is_meta = property(lambda self: False)
    is_cpu = property(lambda self: False)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if not cls.running:
            raise RuntimeError("a tensor of the stand-in outlived it")
        return cls.running[-1].launch(func, args, kwargs or {})

    def numpy(self, *, force: bool = False):
        raise TypeError(
            f"can't convert {self.where} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
            "memory first."
        )

    def __array__(self, *args, **kwargs):
        self.numpy()

    def tolist(self):
        return self.cpu().tolist()

    def __deepcopy__(self, memo):
        out = self.detach().clone().requires_grad_(self.requires_grad)
        out._is_param = getattr(self, "_is_param", False)
        return memo.setdefault(id(self), out)

    def __format__(self, spec):
        return format(self.item(), spec) if self.ndim == 0 else repr(self)

    def __repr__(self):
        return f"{self.held!r} on {self.where}"


class Generator(torch.Generator):
    """A generator that says where it lives."""

    def __new__(cls, device: str | torch.device = "cpu"):
        out = super().__new__(cls)
        device = torch.device(device)
        out.where = device if device.type == "cpu" else torch.device(device.type, 0)
        return out

    device = property(lambda self: self.where)
