module github.com/elbaas/terraform-provider-elbaas/internal/tools/contract

go 1.26.0

require (
	github.com/elbaas/terraform-provider-elbaas v0.0.0
	github.com/huaweicloud/golangsdk v0.0.0-20210831081626-d823fe11ceba
	github.com/opentelekomcloud/gophertelekomcloud v0.9.3
)

replace github.com/elbaas/terraform-provider-elbaas => ../../..
