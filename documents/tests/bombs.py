"""Little that unfolds to much, made without packing all of that."""

import zlib

MEBIBYTE = 1024 * 1024


def bomb(mebibytes: int, wbits: int = zlib.MAX_WBITS, filler: bytes = b" ") -> bytes:
    """zlib's format, or gzip's with `wbits` of 31. Only its checksum, at the very end, is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    # After a full flush nothing refers to what was before, so that the block may be repeated.
    first, block = (
        packer.compress(filler * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + block * (mebibytes - 1) + packer.flush()
