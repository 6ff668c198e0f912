"""Inference with a Keras model: one `tf.function` of a batch's features.

The weights are variables, which a function is given with every call and looks up anew: nothing can be
folded into the program.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from harness.backends.base import Prepared
from harness.backends.tensorflow import arrays, models
from harness.backends.tensorflow.arrays import Tensor
from harness.backends.tensorflow.models.style import style_of
from harness.backends.tensorflow.training import Site
from harness.workloads.base import Arrays
from harness.workloads.inference import Inference


def prepare(workload: Inference, inputs: Arrays, site: Site, arguments: tuple[Any, ...]) -> Prepared[Tensor]:
    """Make a model ready, all of it in the type of the workload."""
    network = workload.network
    weights, statistics = workload.started(inputs)
    held = {name: arrays.copied(array, workload.kept_dtype) for name, array in {**weights, **statistics}.items()}
    with tf.device(site.device):
        model = models.build(network, style_of(workload.dtype, site.jit))
        models.load(model, network, held)
    names = tuple(feature.name for feature in network.features())

    def run(*features: Tensor) -> Tensor:
        return model(dict(zip(names, features, strict=True)), training=False)

    function = tf.function(run, jit_compile=site.jit, autograph=False)
    return Prepared(function=function, arguments=arguments, compilations=function.experimental_get_tracing_count)
