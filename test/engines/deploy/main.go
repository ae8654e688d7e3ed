// Command deploy-check reads a compose file and a Dockerfile with the code of Docker itself and tells what it objects to:
// compose-go loads and validates the compose file as `docker compose config` does, BuildKit's parser and its linter
// read the Dockerfile as `docker build --check` does. Expressions of alerts and dashboards are read with the parser of
// Prometheus.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/prometheus/prometheus/model/labels"
	promql "github.com/prometheus/prometheus/promql/parser"
)

var version = "unknown"

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Printf("deploy-check v%s\n", version)
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: deploy-check compose|dockerfile|promql <file>")
		os.Exit(2)
	}
	var findings []string
	var err error
	switch os.Args[1] {
	case "compose":
		err = checkCompose(os.Args[2])
	case "dockerfile":
		findings, err = checkDockerfile(os.Args[2])
	case "promql":
		findings, err = checkExpressions(os.Args[2])
	default:
		err = fmt.Errorf("unknown kind %q", os.Args[1])
	}
	for _, finding := range findings {
		fmt.Println(finding)
	}
	if err != nil {
		fmt.Println(err)
	}
	if err != nil || len(findings) > 0 {
		os.Exit(1)
	}
}

func checkCompose(file string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithName("check"), cli.WithOsEnv)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, string(text))
	return nil
}

func checkDockerfile(file string) ([]string, error) {
	source, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	parsed, err := parser.Parse(source)
	if err != nil {
		return nil, err
	}
	var findings []string
	lint := linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, location []parser.Range) {
			line := 0
			if len(location) > 0 {
				line = location[0].Start.Line
			}
			findings = append(findings, fmt.Sprintf("%s:%d: %s: %s", file, line, rule, message))
		},
	})
	for _, warning := range parsed.Warnings {
		findings = append(findings, fmt.Sprintf("%s: %s", file, warning.Short))
	}
	_, _, err = instructions.Parse(parsed.AST, lint)
	return findings, err
}

// selector is one place where an expression reads a metric.
type selector struct {
	Expression int               `json:"expression"`
	Metric     string            `json:"metric"`
	Labels     map[string]string `json:"labels"`
}

// checkExpressions reads a JSON list of expressions. What they select goes to stderr, one JSON line for each selector.
func checkExpressions(file string) ([]string, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var expressions []string
	if err := json.Unmarshal(source, &expressions); err != nil {
		return nil, err
	}
	var findings []string
	lines := json.NewEncoder(os.Stderr)
	for index, expression := range expressions {
		parsed, err := promql.NewParser(promql.Options{}).ParseExpr(expression)
		if err != nil {
			findings = append(findings, fmt.Sprintf("%s: %s", expression, err))
			continue
		}
		for _, matchers := range promql.ExtractSelectors(parsed) {
			found := selector{Expression: index, Labels: map[string]string{}}
			for _, matcher := range matchers {
				if matcher.Name == labels.MetricName {
					found.Metric = matcher.Value
				} else {
					found.Labels[matcher.Name] = matcher.Value
				}
			}
			if err := lines.Encode(found); err != nil {
				return nil, err
			}
		}
	}
	return findings, nil
}
