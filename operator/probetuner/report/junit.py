"""The report as JUnit XML, as continuous integration servers show test results."""

from xml.etree.ElementTree import Element, SubElement, tostring

from probetuner.diagnosis.finding import Severity
from probetuner.report.printable import printable
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport
from probetuner.report.troubles import in_sentences

_MOST_CHARACTERS = 4000


def write_junit(report: Report) -> str:
    """A suite for each workload; a container passes, or fails once for each warning and critical finding.

    What is info stands in the output of a test that passes.
    """
    suites = Element("testsuites", name="probetuner")
    for workload in report.workloads:
        suite = SubElement(suites, "testsuite", name=printable(str(workload.ref)))
        for container in workload.containers:
            _add(suite, workload, container)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _add(suite: Element, workload: WorkloadReport, container: ContainerReport) -> None:
    place = {"classname": printable(f"{workload.ref}/{container.name}")}
    if workload.origin.file is not None:
        place["file"] = printable(workload.origin.file)
    troubles = [finding for finding in container.findings if finding.name not in UNTROUBLED]
    for finding in troubles:
        case = SubElement(suite, "testcase", place, name=finding.name.value)
        text = printable(in_sentences(finding), most=_MOST_CHARACTERS)
        if finding.severity is Severity.INFO:
            SubElement(case, "system-out").text = text
        else:
            SubElement(case, "failure", type=finding.severity.value, message=finding.name.value).text = text
    if not troubles:
        SubElement(suite, "testcase", place, name="probes")
