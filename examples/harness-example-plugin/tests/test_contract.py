"""The contract, for the backend in all its cases and for the workload in all frameworks."""

from harness_example.cumulative import CumulativeSum
from harness_example.info import NUMBA

from harness.testing.plugin import contract_tests, workload_tests

TestNumba = contract_tests(NUMBA, everything=True)
TestCumulativeSum = workload_tests(CumulativeSum, backends=("numpy", "torch", "jax", "tensorflow"))
