"""A Kafka cluster in this process: librdkafka's own, which listens on the loopback device, and fails when told."""

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int16, c_size_t, c_void_p
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import confluent_kafka

PRODUCE = 0  # of the protocol's requests
OFFSET_COMMIT = 8
NOT_ENOUGH_REPLICAS = 19
REQUEST_TIMED_OUT = 7
MESSAGE_TOO_LARGE = 10
PARTITIONS = 4  # of a topic that is created by being asked for


def _library() -> ctypes.CDLL:
    directory = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
    found = next(directory.glob("librdkafka*"), None)
    library = ctypes.CDLL(str(found or "librdkafka.so.1"))
    for name, result, arguments in (
        ("rd_kafka_conf_new", c_void_p, []),
        ("rd_kafka_conf_set", c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
        ("rd_kafka_new", c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
        ("rd_kafka_destroy", None, [c_void_p]),
        ("rd_kafka_mock_cluster_new", c_void_p, [c_void_p, c_int]),
        ("rd_kafka_mock_cluster_destroy", None, [c_void_p]),
        ("rd_kafka_mock_cluster_bootstraps", c_char_p, [c_void_p]),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, [c_void_p, c_int]),
        ("rd_kafka_mock_broker_set_down", c_int, [c_void_p, c_int]),
        ("rd_kafka_mock_broker_set_up", c_int, [c_void_p, c_int]),
        ("rd_kafka_mock_broker_set_rtt", c_int, [c_void_p, c_int, c_int]),
        ("rd_kafka_mock_push_request_errors_array", None, [c_void_p, c_int16, c_size_t, POINTER(c_int)]),
    ):
        function: Any = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Kafka:
    """One server, number 1."""

    def __init__(self) -> None:
        self._library = _library()
        said = ctypes.create_string_buffer(512)
        settings = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(settings, b"log_level", b"0", said, 512)
        self._handle = self._library.rd_kafka_new(0, settings, said, 512)
        assert self._handle, said.value
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, 1)
        assert self._cluster
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 100)
        self.server = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def down(self) -> None:
        """Connections are closed, and none is taken."""
        assert self._library.rd_kafka_mock_broker_set_down(self._cluster, 1) == 0

    def up(self) -> None:
        """Again."""
        assert self._library.rd_kafka_mock_broker_set_up(self._cluster, 1) == 0

    def answer_after(self, milliseconds: int) -> None:
        """From now on."""
        assert self._library.rd_kafka_mock_broker_set_rtt(self._cluster, 1, milliseconds) == 0

    def fail(self, request: int, *codes: int) -> None:
        """The next requests of that kind get these errors."""
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(codes), (c_int * len(codes))(*codes)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)
