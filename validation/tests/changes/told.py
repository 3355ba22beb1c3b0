"""A Deployment to change, and what is told of one cluster."""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: ns, labels: {{helm.sh/chart: {chart}}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    spec:
      containers:
        - name: web
          image: {image}
          resources: {{limits: {{nvidia.com/gpu: 1, memory: 1Gi}}}}
"""


def web(image="r/web:1", replicas=1, app="web", chart="a-1"):
    return DEPLOYMENT.format(image=image, replicas=replicas, app=app, chart=chart)


def cluster(changes, name="east"):
    return next(each for each in changes.clusters if each.name == name)


def objects(changes, name="east"):
    return {each.label: each for app in cluster(changes, name).apps for each in app.objects}
