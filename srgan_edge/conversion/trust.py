"""What another's network may hold without being trusted: layers and operators that compute, and nothing else.

A Keras file names classes and functions to call, and may bring Python code of its own (Lambda); a SavedModel's graph
may read and write files. Both are looked through before TensorFlow loads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srgan_edge.errors import SrganEdgeError

_MODELS = "Functional Model Sequential".split()
_LAYERS = (
    "Activation ActivityRegularization Add AlphaDropout Average AveragePooling2D BatchNormalization CenterCrop "
    "Concatenate Conv2D Conv2DTranspose Convolution2D Cropping2D Dense DepthwiseConv2D Dot Dropout ELU EinsumDense "
    "Flatten GaussianDropout GaussianNoise GlobalAveragePooling2D GlobalMaxPooling2D GroupNormalization Identity "
    "InputLayer LayerNormalization LeakyReLU MaxPooling2D Maximum Minimum Multiply Normalization PReLU Permute "
    "RMSNormalization ReLU RepeatVector Rescaling Reshape Resizing SeparableConv2D SlicingOpLambda Softmax "
    "SpatialDropout2D SpectralNormalization Subtract SyncBatchNormalization TFOpLambda ThresholdedReLU "
    "UnitNormalization UpSampling2D ZeroPadding2D"
).split()
_PARTS = (
    "Constant DTypePolicy GlorotNormal GlorotUniform HeNormal HeUniform Identity L1 L1L2 L2 LecunNormal LecunUniform "
    "MaxNorm MinMaxNorm NonNeg Ones Orthogonal OrthogonalRegularizer Policy RandomNormal RandomUniform "
    "TruncatedNormal UnitNorm VarianceScaling Zeros"
).split()
_VALUES = "__ellipsis__ __keras_tensor__ __numpy__ __tensor__ __tuple__ TensorShape slice".split()
_CLASSES = frozenset((*_MODELS, *_LAYERS, *_PARTS, *_VALUES))
_ACTIVATIONS = frozenset(
    (
        "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear "
        "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign "
        "sparse_plus squareplus swish tanh tanh_shrink threshold"
    ).split()
)
# Functions of TensorFlow as layers: those of these modules and these names compute.
_MODULES = re.compile(r"(compat\.v1\.)?(math|nn|image|linalg|signal|keras\.activations|__operators__)\.[a-zA-Z0-9_]+")
_FUNCTIONS = frozenset(
    (
        "add batch_to_space broadcast_to cast clip_by_value concat constant convert_to_tensor depth_to_space "
        "expand_dims fill gather gather_nd identity is_tensor maximum minimum multiply ones ones_like pad range "
        "rank repeat reshape reverse shape size slice space_to_batch space_to_depth split split_v squeeze stack "
        "strided_slice tile transpose unstack where zeros zeros_like"
    ).split()
)
_HALVES: dict[str, str] = dict.fromkeys("float16 bfloat16 half mixed_float16 mixed_bfloat16".split(), "float32")

# Of TensorFlow's graphs: what computes numbers from numbers, and calls of functions, which are looked through too.
_OPERATORS = frozenset(
    (
        "Abs Add AddN AddV2 All Any ArgMax ArgMin Assert Atan AvgPool BatchMatMul BatchMatMulV2 BatchToSpaceND "
        "BiasAdd BroadcastArgs BroadcastTo Cast Ceil CheckNumerics ClipByValue Concat ConcatV2 Const Conv2D "
        "Conv2DBackpropInput Conv3D Cos Cumsum DepthToSpace DepthwiseConv2dNative Diag Div DivNoNan Einsum Elu "
        "EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod FusedBatchNorm "
        "FusedBatchNormV2 FusedBatchNormV3 GatherNd Gather GatherV2 Greater GreaterEqual Identity IdentityN If "
        "InvertPermutation IsFinite IsInf IsNan L2Loss LeakyRelu Less LessEqual LinSpace Log Log1p LogicalAnd "
        "LogicalNot LogicalOr LRN MatMul MatrixBandPart MatrixDiag Max MaxPool MaxPoolV2 Maximum Mean Min Minimum "
        "MirrorPad Mod Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder "
        "PlaceholderWithDefault Pow PreventGradient Prod Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 "
        "Reshape ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor ResourceGather Reverse ReverseV2 "
        "Rint Roll Round Rsqrt ScaleAndTranslate Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice "
        "Softmax Softplus Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze "
        "StatefulPartitionedCall StatelessIf StatelessWhile StopGradient StridedSlice Sub Sum Tan Tanh "
        "TensorListFromTensor TensorListGetItem TensorListReserve TensorListSetItem TensorListStack Tile TopKV2 "
        "Transpose TruncateDiv TruncateMod Unpack VarHandleOp VarIsInitializedOp Variable VariableV2 Where While "
        "Xdivy Xlogy ZerosLike _Arg _Retval"
    ).split()
)
_INITIAL = frozenset(
    "Assign AssignVariableOp RandomStandardNormal RandomUniform RestoreV2 StatelessRandomUniformV2 "
    "TruncatedNormal".split()
)
_ADVICE = "--trust runs it all the same, which is safe only if you know who made it"


def checked_config(config: Any, path: Path, trusted: bool) -> Any:
    """A Keras model's configuration in float32 and without what is for training, each class and function allowed.

    Raises:
        SrganEdgeError: a layer or function that may do more than compute.
    """
    if isinstance(config, list):
        return [checked_config(value, path, trusted) for value in config]
    if isinstance(config, str):
        return _HALVES.get(config, config)
    if not isinstance(config, dict):
        return config
    if not trusted:
        _check_class(config, path)
    return {
        k: checked_config(v, path, trusted) for k, v in config.items() if k not in ("compile_config", "build_config")
    }


def _check_class(config: dict[str, Any], path: Path) -> None:
    kind, inner = config.get("class_name"), config.get("config")
    layer = inner.get("name", "") if isinstance(inner, dict) else ""
    if kind in ("Lambda", "__lambda__"):
        raise SrganEdgeError(
            f"{path}: its layer {layer or 'Lambda'} holds Python code of its own: export a SavedModel of it "
            f"(model.export or tf.saved_model.save), whose operators are looked through; {_ADVICE}"
        )
    if kind == "function":
        _check_activation(inner, path)
    elif kind is not None and not (kind in _CLASSES or _is_keras_operation(config)):
        raise SrganEdgeError(
            f"{path}: its layer {layer or kind} is of class {kind}, which is not one of Keras's own that compute: "
            "export a SavedModel of it (model.export or tf.saved_model.save), which needs no classes"
        )
    module, registered = config.get("module"), config.get("registered_name")
    if kind is not None and module is not None and not re.match(r"(tf_)?keras(\.|$)|builtins$", str(module)):
        raise SrganEdgeError(f"{path}: its {kind} is of the Python module {module}, which is not Keras's; {_ADVICE}")
    if kind is not None and registered not in (None, "", kind, "function"):
        raise SrganEdgeError(f"{path}: its {kind} is registered as {registered}, which is not Keras's; {_ADVICE}")
    for key in ("activation", "recurrent_activation"):
        if isinstance(config.get(key), str):
            _check_activation(config[key], path)
    if kind in ("TFOpLambda", "SlicingOpLambda") and isinstance(inner, dict):
        function = str(inner.get("function"))
        plain = function.removeprefix("compat.v1.")
        if not _MODULES.fullmatch(function) and plain not in _FUNCTIONS:
            raise SrganEdgeError(
                f"{path}: its layer {layer} calls tf.{function}, which may do more than compute; {_ADVICE}"
            )


def _check_activation(name: Any, path: Path) -> None:
    if name not in _ACTIVATIONS:
        raise SrganEdgeError(f"{path}: calls a function {name!r:.60}, which is no activation of Keras's; {_ADVICE}")


def _is_keras_operation(config: dict[str, Any]) -> bool:
    """Of Keras 3: what x + y, ops.relu(x) and the like become."""
    module, kind = str(config.get("module")), str(config.get("class_name"))
    return bool(
        re.fullmatch(r"keras\.src\.ops\.(numpy|nn|image|math)|keras\.ops", module)
        and re.fullmatch(r"[A-Z][A-Za-z0-9]*", kind)
    )


def check_saved_model(folder: Path) -> None:
    """Look through what loading and running a SavedModel's signatures executes.

    Raises:
        SrganEdgeError: it is not one, or an operator or resource of it may do more than compute.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception as error:  # protobuf's own class, or the system's
        raise SrganEdgeError(f"{folder}: saved_model.pb cannot be read: {error}") from error
    for meta in saved.meta_graphs:
        for node in meta.object_graph_def.nodes:
            kind = node.WhichOneof("kind")
            if kind in ("resource", "asset", "captured_tensor"):
                raise SrganEdgeError(f"{folder}: holds a {kind}, which is made by code while it is loaded; {_ADVICE}")
            if any(s.save_function or s.restore_function for s in node.saveable_objects.values()):
                raise SrganEdgeError(f"{folder}: restores parts of itself by functions of its own; {_ADVICE}")
        for name, allowed in _executed(meta):
            if name not in allowed:
                raise SrganEdgeError(
                    f"{folder}: its operator {name} is not one of those that a network computes with; {_ADVICE}"
                )


def _executed(meta: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """The operators that run while a meta graph is loaded or a signature of it is called, and those allowed there."""
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    nodes = {node.name: node for node in meta.graph_def.node}
    if len(meta.object_graph_def.nodes):
        # TensorFlow 2 makes the variables itself, and calls a signature's function.
        for name in _closure(_signature_functions(meta), functions):
            yield from ((node.op, _OPERATORS) for node in functions[name].node_def)
    else:
        initial = [meta.saver_def.restore_op_name]
        for key in ("legacy_init_op", "main_op", "saved_model_main_op"):
            initial += list(meta.collection_def[key].node_list.value) if key in meta.collection_def else []
        initial += [
            t.name for k, s in meta.signature_def.items() if k.startswith("__saved") for t in s.outputs.values()
        ]
        starts = [tensor.name for signature in meta.signature_def.values() for tensor in signature.outputs.values()]
        for names, allowed in ((starts, _OPERATORS), (initial, _OPERATORS | _INITIAL)):
            reached = _reached(names, nodes)
            yield from ((nodes[name].op, allowed) for name in reached)
            for name in _closure({f for n in reached for f in _named(nodes[n])}, functions):
                yield from ((node.op, allowed) for node in functions[name].node_def)


def _signature_functions(meta: Any) -> set[str]:
    nodes = meta.object_graph_def.nodes
    maps = [nodes[child.node_id] for child in nodes[0].children if child.local_name == "signatures"]
    found = [nodes[child.node_id] for signatures in maps for child in signatures.children]
    return {node.bare_concrete_function.concrete_function_name for node in found}


def _closure(names: set[str], functions: dict[str, Any]) -> set[str]:
    found, waiting = set(), [name for name in names if name in functions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [f for node in functions[name].node_def for f in _named(node) if f in functions]
    return found


def _named(node: Any) -> Iterator[str]:
    """Functions that a node may call."""
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        yield from (function.name for function in value.list.func)


def _reached(names: list[str], nodes: dict[str, Any]) -> set[str]:
    found, waiting = set(), [re.sub(r":\d+$", "", name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found:
            found.add(name)
            waiting += [re.sub(r"^\^|:\d+$", "", given) for given in nodes[name].input]
    return found
