"""Make a Llama with random weights and a tokenizer: `python mkmodel.py FOLDER`, in the vLLM environment.

7.3 million parameters, bf16, 4096 positions. The same lock gives the same files: the seed is fixed, and the tokenizer
is trained on the metadata of the locked packages. It speaks the protocol and writes nonsense.
"""

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 8192
POSITIONS = 4096
SPECIAL = ["<unk>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
# Roles that the tokenizer does not know (tool) speak as the user; content may be a string or a list of parts.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "<|{{ m['role'] if m['role'] in ['system', 'user', 'assistant'] else 'user' }}|>\n"
    "{{ m['content'] if m['content'] is string else (m['content'] | map(attribute='text') | join('\n') "
    "if m['content'] else '') }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def prose() -> Iterator[str]:
    """Yield the description of every installed package, in the order of their names."""
    found = {
        str(each.metadata["Name"]).lower(): each.read_text("METADATA") for each in importlib.metadata.distributions()
    }
    yield from (text for _, text in sorted(found.items()) if text)


def tokenizer() -> PreTrainedTokenizerFast:
    """Train a byte-level BPE."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet)
    trained.train_from_iterator(prose(), trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=trained,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
        model_max_length=POSITIONS,
    )
    made.chat_template = CHAT_TEMPLATE
    return made


def model() -> LlamaForCausalLM:
    """Return the model with weights drawn from a fixed seed."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=POSITIONS,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=False,
        dtype="bfloat16",
    )
    return LlamaForCausalLM(config).to(torch.bfloat16)


def main() -> None:
    """Write model and tokenizer into the folder named."""
    target = Path(sys.argv[1])
    made = tokenizer()
    if len(made) != VOCABULARY:  # too little text: ids beyond it could not be decoded
        sys.exit(f"the tokenizer has {len(made)} entries, not {VOCABULARY}")
    model().save_pretrained(target)
    made.save_pretrained(target)


if __name__ == "__main__":
    main()
