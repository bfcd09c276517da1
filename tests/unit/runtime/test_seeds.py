from synthwire.runtime.seeds import Stage, TrainingStream, generator, seed_of, sequence


def test_every_stage_has_a_number_of_its_own_that_stays():
    """Another number would give another data set for the same config and seed."""
    assert {stage.name: stage.value for stage in Stage} == {
        "STRUCTURES": 0,
        "SPLIT": 1,
        "IMAGE_SETS": 2,
        "TRAINING": 3,
        "IMAGING": 4,
        "RESCORING": 5,
    }
    assert [stream.value for stream in TrainingStream] == [0, 1, 2, 3]


def test_a_stream_depends_on_its_seed_and_branch_alone():
    first = generator(1, Stage.SPLIT, 3).random(4)
    generator(1, Stage.SPLIT, 4).random(4)
    assert (generator(1, Stage.SPLIT, 3).random(4) == first).all()
    assert (generator(1, Stage.IMAGING, 3).random(4) != first).all()
    assert (generator(2, Stage.SPLIT, 3).random(4) != first).all()


def test_a_number_for_what_takes_no_more():
    number = seed_of(2022, Stage.TRAINING, *b"01")
    assert number == sequence(2022, 3, 48, 49).generate_state(1)[0]
    assert 0 <= number < 2**32
