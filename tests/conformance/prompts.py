"""Prompts: audio out of a bucket or a presigned URL, back by a presigned URL."""
import urllib.error
import urllib.request

import kinds
import samples


def download(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def test_audio_comes_back_byte_for_byte(case):
    made = kinds.make(case, kinds.row("prompt"), "Ours.wav")
    answer = case.call("get_prompt_file", PromptId=made)
    assert download(answer["PromptPresignedUrl"]) == samples.audio()


def test_another_prompts_url_is_a_source(case):
    made = kinds.make(case, kinds.row("prompt"), "Ours.wav")
    url = case.call("get_prompt_file", PromptId=made)["PromptPresignedUrl"]
    copy = case.call("create_prompt", Name="Copy.wav", S3Uri=url)["PromptId"]
    assert download(case.call("get_prompt_file", PromptId=copy)["PromptPresignedUrl"]) == samples.audio()


def test_a_presigned_object_is_a_source(case):
    where = kinds.prompt(case)["S3Uri"].removeprefix("s3://").partition("/")
    url = case.client("s3").generate_presigned_url("get_object", Params={"Bucket": where[0], "Key": where[2]})
    made = case.call("create_prompt", Name="Signed.wav", S3Uri=url)["PromptId"]
    assert download(case.call("get_prompt_file", PromptId=made)["PromptPresignedUrl"]) == samples.audio()


def test_audio_is_replaced_and_described(case):
    made = kinds.make(case, kinds.row("prompt"), "Ours.wav")
    bucket = f"audio-{case.account}"
    case.client("s3").put_object(Bucket=bucket, Key="long.wav", Body=samples.audio(1600))
    case.call("update_prompt", PromptId=made, Description="Longer", S3Uri=f"s3://{bucket}/long.wav")
    assert case.call("describe_prompt", PromptId=made)["Prompt"]["Description"] == "Longer"
    assert download(case.call("get_prompt_file", PromptId=made)["PromptPresignedUrl"]) == samples.audio(1600)


def test_a_source_that_is_not_there_is_refused(case):
    kinds.make(case, kinds.row("prompt"), "Ours.wav")
    for source in (f"s3://audio-{case.account}/nothing.wav", "s3://no-such-bucket/x.wav", "https://example.com/x.wav"):
        case.refused("InvalidParameterException", 400, "create_prompt", Name="Bad", S3Uri=source)


def test_a_changed_signature_opens_nothing(case):
    url = case.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    try:
        download(url[:-4] + "0000")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
    else:
        raise AssertionError("a changed signature was accepted")
    kinds.prompt(case)
    good = case.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": f"audio-{case.account}", "Key": "beep.wav"})
    assert download(good) == samples.audio()
