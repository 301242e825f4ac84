"""Runs the suite's fuzzing client and judges its report: suite.py SITE URL FOLDER [CASES...]

For Python 2.7. SITE is where the suite was installed; FOLDER takes the specification and the report.
"""
from __future__ import print_function

import json
import os
import site
import subprocess
import sys

# Without 9 (sizes and speed). Of 12 and 13 (compression) one with long messages, and one with each kind of text and
# each kind of offer; all of them take minutes.
CASES = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '10.*', '12.1.9', '12.1.1', '12.2.1', '12.3.1', '12.4.1',
         '12.5.1', '13.1.1', '13.2.1', '13.3.1', '13.4.1', '13.5.1', '13.6.1', '13.7.1']
# How many these are; fewer would mean that the suite has stopped halfway.
COUNT = 260
GOOD = ['OK', 'INFORMATIONAL', 'NON-STRICT']


def run(folder, url, cases):
    """Has the suite play its cases; its output is shown if it fails."""
    spec = os.path.join(folder, 'spec.json')
    with open(spec, 'w') as out:
        json.dump({
            'outdir': folder,
            'servers': [{'agent': 'server', 'url': url}],
            'cases': cases,
            'exclude-cases': [],
        }, out)
    code = 'import site, sys; site.addsitedir(%r); sys.argv[0] = "wstest"; ' \
           'from autobahntestsuite.wstest import run; run()' % sys.argv[1]
    command = [sys.executable, '-W', 'ignore', '-c', code, '-m', 'fuzzingclient', '-s', spec]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0]
    if process.returncode != 0 or not os.path.exists(os.path.join(folder, 'index.json')):
        sys.exit(output)


def judge(folder, least):
    """Prints what is not simply right; whether all is well."""
    with open(os.path.join(folder, 'index.json')) as report:
        results = json.load(report).get('server', {})
    counts = {}
    failed = len(results) < least
    for case in sorted(results, key=lambda name: [int(part) for part in name.split('.')]):
        result = results[case]
        verdicts = result['behavior'], result['behaviorClose']
        counts[verdicts[0]] = counts.get(verdicts[0], 0) + 1
        if any(verdict not in GOOD for verdict in verdicts):
            failed = True
            print('FAILED: case %s: %s, close: %s' % ((case,) + verdicts))
        elif 'NON-STRICT' in verdicts:
            print('case %s: %s, close: %s' % ((case,) + verdicts))
    sums = ', '.join('%d %s' % (counts[verdict], verdict) for verdict in sorted(counts))
    print('Autobahn: %d cases: %s' % (len(results), sums))
    if len(results) < least:
        print('FAILED: there should be %d' % least)
    return not failed


if __name__ == '__main__':
    folder, url, cases = sys.argv[3], sys.argv[2], sys.argv[4:]
    run(folder, url, cases or CASES)
    sys.exit(0 if judge(folder, 1 if cases else COUNT) else 1)
