# An agent of Vault or OpenBao beside each server: it signs in, keeps its token fresh, and writes the files that CARDEA_*_FILE name.
# It writes a file again when the secret changes; servers read those of the database, Redis and the mail server again by themselves.
vault {
  address = "https://bao.example.com:8200"
}

auto_auth {
  method "approle" {
    config = {
      role_id_file_path   = "/etc/cardea/agent/role-id"
      secret_id_file_path = "/etc/cardea/agent/secret-id"
    }
  }
  # CARDEA_VAULT_TOKEN_FILE=/run/cardea/vault-token, when the master key is encrypted by the transit engine
  sink "file" {
    config = {
      path = "/run/cardea/vault-token"
      mode = 0640
    }
  }
}

# CARDEA_DATABASE_URL_FILE=/run/cardea/database-url
template {
  destination = "/run/cardea/database-url"
  perms       = "0640"
  contents    = <<-EOT
    {{ with secret "database/creds/cardea" }}postgres://{{ .Data.username }}:{{ .Data.password }}@db.example.com/cardea?sslmode=verify-full{{ end }}
  EOT
}

# CARDEA_SMTP_URL_FILE=/run/cardea/smtp-url
template {
  destination = "/run/cardea/smtp-url"
  perms       = "0640"
  contents    = <<-EOT
    {{ with secret "secret/data/cardea/smtp" }}{{ .Data.data.url }}{{ end }}
  EOT
}
