"""Every image is listed with its places, and an image set has what oc-mirror reads, with nothing guessed."""

import json

import pytest
from click.testing import CliRunner

from leanrag.cli.images import images_group
from leanrag.core import yamlio
from leanrag.core.errors import InputError

pytestmark = pytest.mark.helm
OPERATOR = """
apiVersion: operators.coreos.com/v1alpha1
kind: Subscription
metadata: {{name: {name}, namespace: ns}}
spec: {{name: {name}, channel: {channel}, source: {source}, startingCSV: {csv}}}
"""
# The keys of oc-mirror's v2alpha1 that we write (openshift/oc-mirror 855b64a3, type_config.go, type_config_include.go).
KNOWN = {
    "": {"apiVersion", "kind", "mirror"},
    "mirror": {"operators", "additionalImages"},
    "operators": {"catalog", "packages"},
    "packages": {"name", "defaultChannel", "channels"},
    "channels": {"name", "minVersion"},
    "additionalImages": {"name"},
}


def images(tree, *arguments):
    result = CliRunner().invoke(images_group, ["--root", str(tree.path), *arguments], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def keys(value, name=""):
    """Yield (key of the parent, key) of everything in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield name, key
            yield from keys(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, name)


def operator(tree, name="o", channel="stable", source="redhat-operators", csv="o.v1.2.3"):
    tree.template(name, OPERATOR.format(name=name, channel=channel, source=source, csv=csv))


def imageset(tree, *arguments):
    output = images(tree, "--cluster", "east", "--format", "imageset", *arguments).stdout
    return output, yamlio.load(output, "imageset")


def test_an_image_is_listed_once_with_every_place(tree):
    tree.use("r.io/a:1", "r.io/a:1")
    read = json.loads(images(tree, "--cluster", "east", "--format", "json").output)
    (only,) = read["clusters"]["east"]["images"]
    assert (only["image"], only["unresolved"]) == ("r.io/a:1", "no registry was asked yet")
    assert [use["path"] for use in only["uses"]] == ["spec.containers[0].image", "spec.containers[1].image"]


def test_a_model_that_is_an_image_is_one_and_a_download_is_not(tree):
    model = (
        "\n---\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {{name: {0}, namespace: n}}\n"
    )
    model += "spec: {{predictor: {{model: {{storageUri: '{1}'}}}}}}\n"
    sources = {"a": "oci://r.io/model:1", "b": "hf://org/model", "c": "pvc://models/x"}
    tree.template("models", "".join(model.format(name, source) for name, source in sources.items()))
    found = json.loads(images(tree, "--cluster", "east", "--format", "json").output)["clusters"]["east"]
    assert [each["image"] for each in found["images"]] == ["r.io/model:1"]
    assert list(found["downloads"]) == ["hf://org/model"]


def test_a_list_that_is_not_whole_is_no_answer(tree):
    tree.template("bad", '{{ fail "no" }}')
    result = images(tree, "--cluster", "east")
    assert result.return_value == 2
    assert "not rendered, so its images are not known: east-store" in result.output


def test_an_image_set_names_catalogue_channel_and_oldest_version(tree):
    operator(tree)
    operator(tree, "gpu", "v26.3", "certified-operators", "gpu.v26.3.2")
    tree.use("quay.io/a/b:1")
    _, read = imageset(tree, "--openshift", "4.20")
    assert read["apiVersion"] == "mirror.openshift.io/v2alpha1"
    assert read["mirror"]["operators"] == [
        {
            "catalog": "registry.redhat.io/redhat/certified-operator-index:v4.20",
            "packages": [
                {"name": "gpu", "defaultChannel": "v26.3", "channels": [{"name": "v26.3", "minVersion": "26.3.2"}]}
            ],
        },
        {
            "catalog": "registry.redhat.io/redhat/redhat-operator-index:v4.20",
            "packages": [
                {"name": "o", "defaultChannel": "stable", "channels": [{"name": "stable", "minVersion": "1.2.3"}]}
            ],
        },
    ]
    assert read["mirror"]["additionalImages"] == [{"name": "quay.io/a/b:1"}]
    assert all(key in KNOWN[parent] for parent, key in keys(read))


def test_the_sites_own_registry_is_not_mirrored_into_itself(tree):
    tree.use("registry.example.org/leanrag/gate:1")
    output, read = imageset(tree)
    assert read["mirror"] == {}
    assert "# Not in it, because the site's own registry has it: registry.example.org/leanrag/gate:1" in output


def test_an_operator_without_a_pinned_version_has_no_invented_one(tree):
    operator(tree, csv="''")
    _, read = imageset(tree, "--openshift", "4.20")
    assert read["mirror"]["operators"][0]["packages"][0]["channels"] == [{"name": "stable"}]


@pytest.mark.parametrize(
    ("source", "arguments", "words"),
    [
        ("redhat-operators", (), "OpenShift's minor"),
        ("redhat-operators", ("--openshift", "4"), "OpenShift's minor"),
        ("our-own", ("--openshift", "4.20"), "'our-own' is none of OpenShift's own"),
    ],
)
def test_what_no_file_says_is_asked_for_and_not_guessed(tree, source, arguments, words):
    operator(tree, source=source)
    with pytest.raises(InputError, match=words):
        imageset(tree, *arguments)


def test_another_catalogue_is_named_on_the_command_line(tree):
    operator(tree, source="our-own")
    _, read = imageset(tree, "--catalog", "our-own=r.io/index:1")
    assert read["mirror"]["operators"][0]["catalog"] == "r.io/index:1"
