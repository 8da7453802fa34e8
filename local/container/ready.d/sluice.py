"""LocalStack runs this at every start: the lake, queues, rules, stream and contracts of Sluice.

/etc/localstack/sluice/lake.json says what; whatever stands already is brought to that state. By
hand: docker compose exec localstack python /etc/localstack/init/ready.d/sluice.py
"""

import json
import os
from contextlib import contextmanager

import boto3
from botocore.config import Config

DEFINITIONS = "/etc/localstack/sluice/lake.json"
CONTRACTS = "/contracts"
# Looked at five times a second, for a minute: it takes half a second.
PATIENCE = {"Delay": 0.2, "MaxAttempts": 300}


def set_up():
    with step(f"read {DEFINITIONS} (made by `node local/emulated.ts --write`)"):
        with open(DEFINITIONS, encoding="utf-8") as file:
            lake = json.load(file)
        region, bucket, stages = lake["region"], lake["bucket"], lake["stages"]
        stream, hours = lake["stream"]["name"], lake["stream"]["hours"]
        roots, names = lake["contracts"]["roots"], lake["contracts"]["names"]
    with step(f"make the bucket {bucket}"):
        make_bucket(client("s3", region), bucket)
    for stage in stages:
        with step(f"make the queue and rule {stage.get('queue')}"):
            make_stage(client("sqs", region), client("events", region), stage)
    with step(f"make the stream {stream} (LocalStack gets kinesis-local by npm once)"):
        make_stream(client("kinesis", region), stream, hours)
    with step(f"put the contracts below {CONTRACTS}"):
        put_contracts(client("s3", region), bucket, roots, names)
    print("sluice: the lake is ready", flush=True)


@contextmanager
def step(what):
    """LocalStack logs only the message of an exception: let it name the step and the type."""
    try:
        yield
    except Exception as cause:
        raise RuntimeError(f"sluice could not {what}: {cause!r}") from cause


def client(service, region):
    # Keys decide the account: these, as the workers', have 000000000000. No proxy lies between a
    # process and itself. Kinesis is installed by its first request, and npm retries enough.
    return boto3.client(
        service,
        region_name=region,
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            proxies={},
            read_timeout=300,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def make_bucket(s3, bucket):
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


def make_stage(sqs, events, stage):
    dead_letters = make_queue(sqs, stage["deadLetters"], stage["deadLetterAttributes"])
    redrive = {"deadLetterTargetArn": dead_letters, "maxReceiveCount": stage["receives"]}
    attributes = {**stage["attributes"], "RedrivePolicy": json.dumps(redrive)}
    queue = make_queue(sqs, stage["queue"], attributes)
    rule = stage["queue"]
    events.put_rule(Name=rule, EventPattern=json.dumps(stage["pattern"]))
    target = {"Id": "queue", "Arn": queue, "DeadLetterConfig": {"Arn": dead_letters}}
    failed = events.put_targets(Rule=rule, Targets=[target])["FailedEntries"]
    if failed:
        raise RuntimeError(failed)


def make_queue(sqs, name, attributes):
    # Apart, as a queue that stands with other attributes cannot be created with these.
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def make_stream(kinesis, name, hours):
    try:
        kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    except kinesis.exceptions.ResourceInUseException:
        pass  # It stands.
    active = kinesis.get_waiter("stream_exists")
    active.wait(StreamName=name, WaiterConfig=PATIENCE)
    found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    if found["RetentionPeriodHours"] < hours:
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
        active.wait(StreamName=name, WaiterConfig=PATIENCE)


def put_contracts(s3, bucket, roots, names):
    for root in roots:
        for key, path in descriptors(root, names):
            with open(path, "rb") as file:
                body = file.read()
            # A contract that is put is an event that looks at all objects that are held.
            if body != content(s3, bucket, key):
                s3.put_object(Bucket=bucket, Key=key, Body=body)


def descriptors(root, names):
    """Yields the key and path of each, which lie in packages: folders of the root."""
    top = os.path.join(CONTRACTS, root)
    if not os.path.isdir(top):
        raise FileNotFoundError(f"{top} is not mounted")
    for folder, folders, files in os.walk(top, onerror=refuse):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        if os.path.samefile(folder, top):
            continue
        for name in sorted(set(files) & set(names)):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, CONTRACTS), path


def refuse(error):
    raise error


def content(s3, bucket, key):
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


set_up()
