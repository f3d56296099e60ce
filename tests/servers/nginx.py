"""nginx with its DAV module: PUT and DELETE, an independent server that knows no sessions."""

from pathlib import Path

from tests.servers.program import Program, program

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/temp; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2;
  uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4; client_max_body_size {max_size}; default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}; root {root}; location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
            location /full/ {{ return 507; }} }}
}}
"""


class Nginx(Program):
    """Takes PUT below its root; below ``full/`` there is no space (507). max_size: bytes of one body at most, 0 = any."""

    def __init__(self, folder: Path, *, max_size: int = 0) -> None:
        super().__init__(folder)
        self.max_size = max_size

    @classmethod
    def missing(cls) -> str | None:
        return None if program("nginx") else "nginx is missing: apt-get install nginx-light"

    def command(self) -> list[str]:
        self.root.mkdir(exist_ok=True)
        user = "user root;" if self.folder.owner() == "root" else ""  # else its workers may not look into our folder
        words = {"folder": self.folder, "root": self.root, "user": user, "port": self.port, "max_size": self.max_size}
        (self.folder / "conf").write_text(CONFIGURATION.format(**words))
        return [program("nginx"), "-c", str(self.folder / "conf"), "-e", str(self.log)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def root(self) -> Path:
        """Where things land."""
        return self.folder / "root"
