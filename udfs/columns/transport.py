"""Rows on their way to the driver as Arrow, a batch at a time, so that an answer of any size fits into memory."""

from collections.abc import Iterator

import pyarrow as pa

PACKED = "packed BINARY"


def packed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For `mapInArrow`: each batch of rows as one row of bytes (a stream of Arrow IPC) of the schema PACKED."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        yield pa.record_batch({"packed": pa.array([sink.getvalue().to_pybytes()], pa.large_binary())})


def unpacked(row: bytes) -> pa.Table:
    """The rows that one row of `packed` holds."""
    with pa.ipc.open_stream(row) as stream:
        return stream.read_all()
