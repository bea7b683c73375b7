"""Releases as projects publish them: one large file each, most of it definitions of resources.

The shape is that of public install files: some 95 % of the bytes are CustomResourceDefinitions, the rest is RBAC, long
ConfigMaps, Services and a few workloads of up to five hundred lines.
"""

from pathlib import Path

from bench.manifests import workload

_DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kind{number}s.example.dev
spec:
  group: example.dev
  names:
    kind: Kind{number}
    plural: kind{number}s
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
{properties}"""

_PROPERTY = """\
                field{number}:
                  description: |-
                    Field {number} says how the controller treats objects of this kind.
                    It is optional: without it the default of the installation counts.
                  type: object
                  properties:
                    enabled:
                      description: Whether it is in force.
                      type: boolean
                    values:
                      description: "What it is compared with: names, one for each entry."
                      items:
                        type: string
                      type: array
                      x-kubernetes-list-type: atomic
"""

_CONFIGURATION = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: configuration-{number}
  namespace: release
data:
  settings.yaml: |
{lines}"""

_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: role-{number}
rules:
  - apiGroups: ["", apps, batch]
    resources: [pods, deployments, jobs, secrets, configmaps]
    verbs: [get, list, watch, create, update, patch]
"""

_PROPERTIES, _LINES, _ENVIRONMENT = 700, 400, 90


def write_releases(folder: Path, *, count: int) -> list[Path]:
    """Write *count* releases of some 2 MB, each with three definitions and seven workloads."""
    return [_write(folder / f"release-{number:02d}.yaml", number) for number in range(count)]


def _write(path: Path, number: int) -> Path:
    documents = [
        _DEFINITION.format(number=one, properties="".join(_PROPERTY.format(number=n) for n in range(_PROPERTIES)))
        for one in range(3)
    ]
    lines = "".join(f"    option-{n}: value of option {n}\n" for n in range(_LINES))
    documents += [_CONFIGURATION.format(number=one, lines=lines) for one in range(4)]
    documents += [_ROLE.format(number=one) for one in range(12)]
    documents += [workload(10 * number + one, variables=_ENVIRONMENT) for one in range(7)]
    path.write_text("---\n".join(documents))
    return path
