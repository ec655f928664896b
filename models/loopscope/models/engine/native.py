"""From IR to machine code that can be called: compile, keep, load.

Stage 4 of 5.  In: IR text (made only when needed) and a key.  Out: a ``Kernel``, a C function
that frees the interpreter lock while it runs.  Importing this module loads LLVM.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

import llvmlite
import llvmlite.binding as llvm

from loopscope.models.engine import cache as store

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = ctypes.c_int64
POINTER = ctypes.c_void_p

KERNEL_ARGUMENTS = (
    WHOLE, WHOLE, WHOLE, WHOLE, POINTER, POINTER, WHOLE, POINTER, WHOLE,
    POINTER, POINTER, WHOLE, POINTER, WHOLE, POINTER, POINTER,
)  # fmt: skip
"""C types of ``frame.ARGUMENTS``, in the same order."""


@cache
def _target() -> llvm.Target:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine() -> llvm.TargetMachine:
    """Return a new target machine; whoever is given one destroys it."""
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=2, jit=True
    )


@cache
def _features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


@cache
def processor() -> str:
    """Return what machine code depends on besides the IR."""
    version = ".".join(str(part) for part in llvm.llvm_version_info)
    return f"{llvm.get_host_cpu_name()} {_features()} LLVM {version} {llvmlite.__version__}"


def widest() -> int:
    """Return the numbers of a vector register of this processor: 2, 4 or 8."""
    features = _features()
    if "+avx512f" in features:
        return 8
    return 4 if "+avx" in features else 2


def compile_ir(text: str) -> bytes:
    """Return the object code of a module.

    Light on optimisation: the emitter already shares, hoists and fuses; what is left is memory
    to registers, loop counters and instruction choice.
    """
    machine = _machine()
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_unrolling = False
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


class Kernel:
    """A compiled function, called with ``frame.ARGUMENTS`` unless others are given.

    Machine code goes when this object goes.
    """

    def __init__(
        self, code: bytes, name: str, arguments: tuple[Any, ...] = KERNEL_ARGUMENTS
    ) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        address = self._engine.get_function_address(name)
        self.call = ctypes.CFUNCTYPE(None, *arguments)(address)


def kernel(
    parts: tuple[str, ...],
    make: Callable[[str], str],
    arguments: tuple[Any, ...] = KERNEL_ARGUMENTS,
) -> Kernel:
    """Return the kernel for a key, from the cache folder or made now.

    Parameters
    ----------
    parts
        What the IR depends on.
    make
        Given the function's name, returns the IR; called only when nothing is kept.
    arguments
        C types of the function's arguments.
    """
    name = "loopscope_" + store.key_of(*parts, store.source_digest(), processor())
    code = store.read(name + ".o")
    if code is None:
        code = compile_ir(make(name))
        store.write(name + ".o", code)
    return Kernel(code, name, arguments)
