"""What is wrong with each of these lines is found before it runs: strict type checkers must refuse every one."""

import sendoff

sendoff.put("a.iso", "archive:", metdata={})
sendoff.put("a.iso", "archive:", priority="urgent")
sendoff.put("a.iso", "archive:", patience=b"5m")
sendoff.put("a.iso")
sendoff.put(5, "archive:")
sendoff.connect(mode="nowhere")
sendoff.put_many(["a.iso"])
sendoff.post("https://h.example/up", ["a.iso"])
sendoff.get(1.5)
sendoff.find(status=7.5)
sendoff.find(colour="red")
sendoff.put("a.iso", "archive:").wait(timeout="60")
sendoff.put("a.iso", "archive:").status = sendoff.TransferStatus.COMPLETED
sendoff.put("a.iso", "archive:").priority = "urgent"
sendoff.put("a.iso", "archive:").receipt.size
sendoff.put("a.iso", "archive:").response.headers
sendoff.BackgroundUploader(completion_group="night")
sendoff.BackgroundUploader().server_credential = 5
sendoff.BackgroundUploader().nothing_like_it
sendoff.BackgroundUploader().create_upload("archive:a", "a.iso", offset="10")
sendoff.TransferGroup.create("night").behavior = "serialized"
sendoff.TransferGroup.create("night").name = "day"
sendoff.CompletionGroup().on_complete(print)
sendoff.ContentPart("a").set_text(b"1")
sendoff.Credential("me", "pass")
sendoff.UploadProgress().bytes_sent = 5
sendoff.get_status("403")
sendoff.nothing_like_it
