provider "elbaas" {}
