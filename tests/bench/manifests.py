"""A thousand manifests as people write them, the same ones on every machine."""

from pathlib import Path

_WORKLOAD = """\
apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {namespace}
spec:
{scale}  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: {namespace}
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
      containers:
        - name: {name}
          image: images.example/{namespace}/{name}:1.{number}.0
          imagePullPolicy: Always
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: PORT
              value: "8080"
            - name: DATABASE_HOST
              valueFrom:
                configMapKeyRef:
                  name: {name}
                  key: database-host
{variables}          resources:
            requests:
              cpu: 100m
              memory: 128Mi
              ephemeral-storage: 64Mi
            limits:
              cpu: 500m
              memory: 256Mi
              ephemeral-storage: 128Mi
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
{probes}          volumeMounts:
            - name: cache
              mountPath: /var/cache/{name}
      volumes:
        - name: cache
          emptyDir: {{}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
"""

_VARIABLE = """\
            - name: OPTION_{number}
              valueFrom:
                configMapKeyRef:
                  name: configuration-0
                  key: option-{number}
"""

_READINESS = """\
          readinessProbe:
            httpGet:
              path: /readyz
              port: http
            periodSeconds: 5
"""

_LIVENESS = """\
          livenessProbe:
            httpGet:
              path: /livez
              port: {port}
            timeoutSeconds: {timeout}
"""

_KINDS = ("Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet")


def write_manifests(folder: Path, *, count: int) -> list[Path]:
    """Write *count* files, each with a workload and its Service; every seventh has no readiness probe."""
    return [_write(folder / f"app-{number:04d}.yaml", number) for number in range(count)]


def _write(path: Path, number: int) -> Path:
    path.write_text(workload(number))
    return path


def workload(number: int, *, variables: int = 0) -> str:
    """A workload with its Service, as YAML; so many more environment variables make it as long as large ones are."""
    kind = _KINDS[number % len(_KINDS)]
    scale = "" if kind == "DaemonSet" else f"  replicas: {1 + number % 4}\n"
    if kind == "StatefulSet":
        scale += f"  serviceName: app-{number:04d}\n"
    liveness = _LIVENESS.format(port=9090 if number % 11 == 0 else "http", timeout=1 + number % 15)
    return _WORKLOAD.format(
        kind=kind,
        name=f"app-{number:04d}",
        namespace=f"team-{number % 20:02d}",
        number=number,
        scale=scale,
        probes=liveness if number % 7 == 0 else _READINESS + liveness,
        variables="".join(_VARIABLE.format(number=one) for one in range(variables)),
    )
