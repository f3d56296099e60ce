"""node_exporter with its textfile collector alone: who collects from machines for Prometheus."""

from urllib.request import urlopen

from tests.servers.program import Program, program

NAME = "prometheus-node-exporter"


class NodeExporter(Program):
    """Reads every file of its folder that ends in ``.prom``."""

    @classmethod
    def missing(cls):
        return None if program(NAME) else f"node_exporter is missing: apt-get install {NAME}"

    def command(self):
        words = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={self.folder}"]
        return [program(NAME), *words, f"--web.listen-address=127.0.0.1:{self.port}"]

    def scrape(self):
        """What Prometheus would get from it."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return answer.read().decode()
