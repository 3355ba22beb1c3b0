"""The gate tests what the rendered manifests declare, where it really is, and refuses what it cannot understand."""

import json

import pytest

from leanrag.core.errors import InputError
from leanrag.gate.discover import discover, rendered_images


def test_labelled_config_maps_become_targets(chat, rag):
    found = discover([chat(), rag()])
    assert [model.name for model in found.models] == ["tiny"]
    assert found.models[0].objectives == ("ttft",)
    assert found.models[0].address == "http://chat.lr-serving.svc.cluster.local:8000"
    assert found.rag.search_modes == ("vector", "keyword", "hybrid")


def test_a_config_map_without_the_label_is_not_read(broken_map):
    plain = broken_map("not json")
    plain.body["metadata"]["labels"].clear()
    assert discover([plain]).models == ()


def test_the_address_map_says_where_a_service_really_is(chat):
    url = "http://chat.lr-serving.svc.cluster.local:8000"
    found = discover([chat(url=url + "/")], {url: "http://127.0.0.1:41007/"})
    assert found.models[0].address == "http://127.0.0.1:41007"


def test_a_service_that_the_address_map_does_not_know_is_named(chat):
    with pytest.raises(InputError, match=r"chat.lr-serving.*no address"):
        discover([chat()], {})


def test_embedding_models_are_targets_but_not_measured(chat):
    found = discover([chat(task="embedding", dimension=384)])
    assert (len(found.models), found.measured) == (1, ())


@pytest.mark.parametrize("text", ["not json", "[]", '{"model": "tiny"}'])
def test_a_contract_that_is_not_one_names_its_config_map(broken_map, text):
    with pytest.raises(InputError, match=r"local-chat-slo: ConfigMap/chat-slo model.json"):
        discover([broken_map(text)])


def test_a_contract_with_an_unknown_key_is_refused_by_name(chat):
    with pytest.raises(InputError, match="modle"):
        discover([chat(modle="typo")])


def test_a_missing_key_in_the_config_map_is_named(chat):
    manifest = chat()
    manifest.body["data"].clear()
    with pytest.raises(InputError, match="missing"):
        discover([manifest])


def test_two_rag_services_are_refused_not_chosen_from(rag):
    with pytest.raises(InputError, match="two RAG services"):
        discover([rag(), rag()])


def test_two_releases_of_one_model_name_are_refused(chat):
    with pytest.raises(InputError, match="chat and other both serve"):
        discover([chat(), chat(release="other")])


def test_images_are_found_in_every_kind_of_pod_template(chat):
    deployment = chat()
    pod = {"initContainers": [{"image": "a:1"}], "containers": [{"image": "b:1"}, {"name": "no image"}]}
    deployment.body["spec"] = {"template": {"spec": pod}, "predictor": {"containers": [{"image": "c:1"}]}}
    assert rendered_images([deployment]) == ("a:1", "b:1", "c:1")


def test_slo_is_passed_on_as_written(chat):
    slo = {"confidence": 0.99, "objectives": {}, "traffic": {"rate": 4}}
    assert json.loads(json.dumps(discover([chat(slo=slo)]).models[0].contract.slo)) == slo
