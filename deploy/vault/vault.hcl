# Vault of the compose trial: one node, data on a volume, no TLS inside the compose network. For production see
# docs/production.md (three nodes, TLS, auto-unseal).
storage "raft" {
  path    = "/vault/file"
  node_id = "vault-1"
}

listener "tcp" {
  address     = "0.0.0.0:8200"
  tls_disable = true
}

api_addr      = "http://vault:8200"
cluster_addr  = "http://vault:8201"
disable_mlock = true
