"""What the program says, in English and Indonesian.

A table rather than gettext: nothing has to be compiled before `lontar` can speak.
"""

import os

INDONESIAN = {
    "You are not logged in. Use: lontar login": "Anda belum masuk. Gunakan: lontar login",
    "Nothing answers at %s. Is Lontar running there?": (
        "Tidak ada jawaban dari %s. Apakah Lontar berjalan di sana?"
    ),
    "%s cannot be read. Remove it and log in again.": (
        "%s tidak dapat dibaca. Hapus berkas itu lalu masuk lagi."
    ),
    "This address leads on to another one. Log in with that one.": (
        "Alamat ini mengarah ke alamat lain. Masuklah dengan alamat itu."
    ),
    "The server answered %s.": "Server menjawab %s.",
    "Address of Lontar": "Alamat Lontar",
    "Email": "Email",
    "Password": "Kata sandi",
    "API key": "Kunci API",
    "Logged in as %s.": "Masuk sebagai %s.",
    "Logged out.": "Sudah keluar.",
    "The key is forgotten here, but still good: delete it on your account page.": (
        "Kunci dilupakan di sini, tetapi masih berlaku: hapus di halaman akun Anda."
    ),
    "There is nothing to ask. Write a question, or pipe one in.": (
        "Tidak ada yang ditanyakan. Tulis pertanyaan, atau kirim lewat pipa."
    ),
    "searching: %s": "mencari: %s",
    "Sources": "Sumber",
    "page %s": "halaman %s",
    "slide %s": "salindia %s",
    "rows %s": "baris %s",
    "part %s": "bagian %s",
    "There are no chats yet. Begin one: lontar new": ("Belum ada obrolan. Mulai satu: lontar new"),
    "There is no chat %s. See: lontar chats": "Tidak ada obrolan %s. Lihat: lontar chats",
    "%s fits several chats. Give more of its id.": (
        "%s cocok dengan beberapa obrolan. Tulis lebih banyak dari id-nya."
    ),
    "Number of a chat, or nothing for a new one": "Nomor obrolan, atau kosongkan untuk yang baru",
    "Ctrl-C stops an answer, Ctrl-D ends. /help tells more.": (
        "Ctrl-C menghentikan jawaban, Ctrl-D selesai. /help menjelaskan lebih banyak."
    ),
    "/new begins another chat, /sources shows the last sources again, /quit ends.": (
        "/new memulai obrolan lain, /sources menampilkan sumber terakhir, /quit selesai."
    ),
    "untitled": "tanpa judul",
    "There is no file %s.": "Tidak ada berkas %s.",
    "%s is no PNG, JPEG, WebP or GIF. Bring documents with: lontar upload": (
        "%s bukan PNG, JPEG, WebP, atau GIF. Bawa dokumen dengan: lontar upload"
    ),
    "it goes along; repeat": "ikut dengan pertanyaan; boleh diulang",
    "uploading %s": "mengunggah %s",
    "reading %s": "membaca %s",
    "%s: ready": "%s: siap",
    "%s: uploaded": "%s: terunggah",
    "Written to %s.": "Ditulis ke %s.",
    "The output cannot be written: %s": "Keluaran tidak dapat ditulis: %s",
    "%s is no address.": "%s bukan alamat.",
    "%s is missing.": "%s belum diberikan.",
    "Careful: over http:// everybody on the way can read along.": (
        "Hati-hati: lewat http:// siapa pun di perjalanan dapat ikut membaca."
    ),
    "Ask your course material, from a terminal.": "Tanyai materi kuliah Anda dari terminal.",
    "command": "perintah",
    "Log in, with a password or an API key.": "Masuk, dengan kata sandi atau kunci API.",
    "ask for an API key": "minta kunci API",
    "End the login and forget it.": "Keluar dan lupakan data masuk.",
    "Ask one question.": "Ajukan satu pertanyaan.",
    "the question; - or nothing reads it in": ("pertanyaan; - atau kosong membacanya dari masukan"),
    "go on with this chat": "lanjutkan obrolan ini",
    "one JSON object": "satu objek JSON",
    "the answer alone": "jawabannya saja",
    "List chats, or find them by their words.": "Daftar obrolan, atau cari menurut isinya.",
    "words that occur in them": "kata yang ada di dalamnya",
    "Go on with a chat.": "Lanjutkan obrolan.",
    "its number in the list, or its id": "nomornya di daftar, atau id-nya",
    "Begin a chat.": "Mulai obrolan.",
    "Bring files.": "Unggah berkas.",
    "for this chat alone": "hanya untuk obrolan ini",
    "the id of a collection": "id koleksi",
    "until they are read": "sampai selesai dibaca",
    "Take a chat along.": "Bawa obrolan sebagai berkas.",
    "a file; standard output without it": "berkas; tanpa ini ke keluaran standar",
    "the name or id of an assistant": "nama atau id asisten",
    "the name or id of a model": "nama atau id model",
}


def language() -> str:
    """id or en, as the system is set."""
    for name in ("LONTAR_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "id" if value.lower().startswith(("id", "in_")) else "en"
    return "en"


def say(sentence: str) -> str:
    return INDONESIAN.get(sentence, sentence) if language() == "id" else sentence
